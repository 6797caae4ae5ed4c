import assert from 'node:assert/strict'
import { test } from 'node:test'

import { settingsFrom } from '../src/settings.js'

test('an empty environment gives version 1 on port 9080', () => {
  const settings = settingsFrom({})
  assert.equal(settings.port, 9080)
  assert.equal(settings.workload, 'ratings-v1')
})

test('the workload follows the version unless it is named', () => {
  assert.equal(settingsFrom({ SERVICE_VERSION: 'v2' }).workload, 'ratings-v2')
  assert.equal(settingsFrom({ SERVICE_VERSION: 'v2', SERVICE_WORKLOAD: 'ratings-v2-mysql' }).workload, 'ratings-v2-mysql')
})
