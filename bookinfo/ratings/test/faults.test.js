import assert from 'node:assert/strict'
import { test } from 'node:test'

import { buildApp } from '../src/app.js'
import { comesAndGoes, delaysHalf, failsHalf, faultsOf } from '../src/faults.js'
import { settingsFrom } from '../src/settings.js'
import { Unavailable } from '../src/unavailable.js'

const heads = () => 0.49
const tails = () => 0.5

test('v-faulty refuses half of the calls', async () => {
  await assert.rejects(failsHalf({ random: heads })(), Unavailable)
  await failsHalf({ random: tails })()
})

test('v-delayed makes half of the calls wait for 7 s', async () => {
  const waited = []
  const wait = async (milliseconds) => { waited.push(milliseconds) }
  await delaysHalf({ random: heads, wait })()
  await delaysHalf({ random: tails, wait })()
  assert.deepEqual(waited, [7000])
})

test('v-unavailable answers for a minute, refuses for a minute, and so on', async () => {
  let seconds = 1000
  const fault = comesAndGoes({ now: () => seconds * 1000 })
  const answers = async (after) => {
    seconds = 1000 + after
    return fault().then(() => true, () => false)
  }
  for (const [after, expected] of [[0, true], [59.9, true], [60, false], [119.9, false], [120, true], [180, false]]) {
    assert.equal(await answers(after), expected, `${after} s after the start`)
  }
})

for (const [version, count] of [['v1', 0], ['v2', 0], ['v-faulty', 1], ['v-delayed', 1], ['v-unavailable', 1], ['toString', 0]]) {
  test(`${version} has ${count} faults`, () => {
    assert.equal(faultsOf(version).length, count)
  })
}

test('a refused call is a 503 that says why, and health is not concerned', async (t) => {
  const settings = settingsFrom({ POD_NAME: 'pod-1', SERVICE_VERSION: 'v-faulty', LOG_LEVEL: 'silent' })
  const app = buildApp(settings, { faults: [failsHalf({ random: heads })] })
  t.after(() => app.close())
  const reply = await app.inject('/ratings/0')
  assert.equal(reply.statusCode, 503)
  assert.match(reply.json().error, /on purpose/)
  assert.equal(reply.headers['x-served-version'], 'v-faulty')
  assert.equal((await app.inject('/health')).statusCode, 200)
})
