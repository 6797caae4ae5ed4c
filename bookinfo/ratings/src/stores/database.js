import { setTimeout as sleep } from 'node:timers/promises'
import mysql from 'mysql2/promise'

import { Unavailable } from '../unavailable.js'

/** The tutorials' table: the stars of the one book, a row for each reviewer. */
const PRODUCT = 0
const STARS = 'SELECT ReviewID, Rating FROM ratings ORDER BY ReviewID'

/** Milliseconds that closing connections may take. */
const LEAVE = 1000

/**
 * Stars from MariaDB or MySQL. Connections are made when they are needed, so the service starts without its database
 * and finds it again when it is back.
 *
 * @param {import('../settings.js').Database} database
 * @param {object} [parts]
 * @param {typeof mysql.createPool} [parts.createPool]
 * @returns {import('./memory.js').Store}
 */
export function databaseStore ({ timeout, ...address }, { createPool = mysql.createPool } = {}) {
  const pool = createPool({ ...address, connectTimeout: timeout, connectionLimit: 10, maxIdle: 2 })

  /** A connection of the pool, unless it takes longer than the timeout for one to be free or made. */
  async function connected () {
    const pending = pool.getConnection()
    const timer = new AbortController()
    const late = sleep(timeout, undefined, timer).then(() => {
      pending.then((connection) => connection.release(), () => {})
      throw new Error(`no connection within ${timeout} ms`)
    })
    try {
      return await Promise.race([pending, late])
    } finally {
      timer.abort()
    }
  }

  async function rows () {
    const connection = await connected()
    try {
      const [found] = await connection.query({ sql: STARS, timeout })
      connection.release()
      return found
    } catch (error) {
      // Its state is unknown: an answer that comes late must not be taken for that of the next query.
      connection.destroy()
      throw error
    }
  }

  return {
    async ratingsOf (product) {
      if (product !== PRODUCT) return undefined
      const found = await rows().catch((cause) => {
        throw new Unavailable('ratings database is unavailable', { cause })
      })
      return Object.fromEntries(found.map(({ ReviewID: id, Rating: stars }) => [`Reviewer${id}`, stars]))
    },

    // A database that does not even take leave is left after a while: one that fits into what the process has to end.
    close: () => Promise.race([pool.end(), sleep(Math.min(timeout, LEAVE), undefined, { ref: false })])
  }
}
