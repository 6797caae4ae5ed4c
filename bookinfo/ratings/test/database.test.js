import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'

import { databaseStore } from '../src/stores/database.js'
import { Unavailable } from '../src/unavailable.js'

const address = { host: '127.0.0.1', port: 3306, user: 'u', password: 'p', database: 'test', timeout: 50 }

/** Stands in for the driver: each query is answered by `answer`; what happens to connections is written down. */
function pool (answer) {
  const fate = []
  const options = []
  const connection = {
    query: async (query) => [await answer(query)],
    release: () => fate.push('released'),
    destroy: () => fate.push('destroyed')
  }
  const createPool = (given) => {
    options.push(given)
    return { getConnection: async () => connection, end: async () => { fate.push('ended') } }
  }
  return { fate, options, createPool }
}

test('each row is a reviewer', async () => {
  const { createPool, fate } = pool(() => [{ ReviewID: 1, Rating: 5 }, { ReviewID: 2, Rating: 4 }])
  const store = databaseStore(address, { createPool })
  assert.deepEqual(await store.ratingsOf(0), { Reviewer1: 5, Reviewer2: 4 })
  assert.deepEqual(fate, ['released'])
})

test('a book that nobody knows costs no query', async () => {
  const { createPool } = pool(() => assert.fail('was asked'))
  assert.equal(await databaseStore(address, { createPool }).ratingsOf(7), undefined)
})

test('making a connection and waiting for the answer are bounded', async () => {
  let query
  const { createPool, options } = pool((given) => {
    query = given
    return []
  })
  await databaseStore(address, { createPool }).ratingsOf(0)
  assert.equal(options[0].connectTimeout, 50)
  assert.equal(query.timeout, 50)
})

test('who waits too long for a connection goes without, and gives back what comes late', async () => {
  let come
  const fate = []
  const late = new Promise((resolve) => { come = () => resolve({ release: () => fate.push('released') }) })
  const store = databaseStore(address, { createPool: () => ({ getConnection: () => late }) })
  await assert.rejects(store.ratingsOf(0), Unavailable)
  come()
  await late
  await null
  assert.deepEqual(fate, ['released'])
})

test('a connection whose query failed is not used again', async () => {
  const { createPool, fate } = pool(() => { throw new Error('connection lost') })
  await assert.rejects(databaseStore(address, { createPool }).ratingsOf(0), Unavailable)
  assert.deepEqual(fate, ['destroyed'])
})

test('closing gives the connections back', async () => {
  const { createPool, fate } = pool(() => [])
  await databaseStore(address, { createPool }).close()
  assert.deepEqual(fate, ['ended'])
})

test('a database that does not take leave is left within a second, however patient we are', { timeout: 5000 }, async () => {
  const createPool = () => ({ end: () => new Promise(() => {}) })
  // The wait itself does not keep a process.
  const awake = setInterval(() => {}, 1000)
  try {
    await databaseStore({ ...address, timeout: 60_000 }, { createPool }).close()
  } finally {
    clearInterval(awake)
  }
})

// From here on with the driver itself, and a database that misbehaves.

async function listening (t, onConnection) {
  const server = createServer(onConnection).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return server.address().port
}

const misbehaviours = {
  'closes each connection': (socket) => socket.end(),
  'never says a word': (socket) => socket.on('error', () => {}),
  'speaks HTTP': (socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n')
}

for (const [what, onConnection] of Object.entries(misbehaviours)) {
  test(`a database that ${what} is unavailable, soon`, { timeout: 2000 }, async (t) => {
    const store = databaseStore({ ...address, port: await listening(t, onConnection) })
    t.after(() => store.close())
    await assert.rejects(store.ratingsOf(0), Unavailable)
  })
}

test('a database that is not there is unavailable, soon', { timeout: 2000 }, async (t) => {
  const store = databaseStore({ ...address, port: 1 })
  t.after(() => store.close())
  await assert.rejects(store.ratingsOf(0), { name: 'Unavailable', message: 'ratings database is unavailable' })
})
