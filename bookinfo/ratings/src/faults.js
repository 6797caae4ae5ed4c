import { setTimeout as sleep } from 'node:timers/promises'

import { Unavailable } from './unavailable.js'

/**
 * What goes wrong on purpose in the versions that the tutorials use to show it. Each is a function that makes a
 * fault; a fault is awaited before a request is answered, and throws when it shall not be.
 *
 * @typedef {() => Promise<void>} Fault
 */

const SLOW = 7000
const PHASE = 60_000

/** Refuses every other request on average. @returns {Fault} */
export function failsHalf ({ random = Math.random } = {}) {
  return async () => {
    if (random() < 0.5) throw new Unavailable('out of service half of the time, on purpose')
  }
}

/** Takes 7 s for every other request on average. @returns {Fault} */
export function delaysHalf ({ random = Math.random, wait = sleep } = {}) {
  return async () => {
    if (random() < 0.5) await wait(SLOW)
  }
}

/** Answers for 60 s from now on, then refuses for 60 s, and so on. @returns {Fault} */
export function comesAndGoes ({ now = () => performance.now() } = {}) {
  const started = now()
  return async () => {
    const phase = Math.floor((now() - started) / PHASE)
    if (phase % 2 === 1) throw new Unavailable('out of service every other minute, on purpose')
  }
}

const OF_VERSION = { 'v-faulty': failsHalf, 'v-delayed': delaysHalf, 'v-unavailable': comesAndGoes }

/**
 * @param {string} version of this service
 * @returns {Fault[]} what goes wrong in it; empty for most
 */
export function faultsOf (version) {
  return Object.hasOwn(OF_VERSION, version) ? [OF_VERSION[version]()] : []
}
