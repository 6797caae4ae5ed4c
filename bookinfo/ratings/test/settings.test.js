import assert from 'node:assert/strict'
import { test } from 'node:test'

import { settingsFrom } from '../src/settings.js'

const database = {
  DB_TYPE: 'mysql',
  MYSQL_DB_HOST: 'mysqldb',
  MYSQL_DB_USER: 'root',
  MYSQL_DB_PASSWORD: 'password'
}

test('an empty environment gives version 1 on port 9080, from memory', () => {
  const settings = settingsFrom({})
  assert.equal(settings.port, 9080)
  assert.equal(settings.workload, 'ratings-v1')
  assert.equal(settings.database, undefined)
})

test('the workload follows the version unless it is named', () => {
  assert.equal(settingsFrom({ SERVICE_VERSION: 'v-faulty' }).workload, 'ratings-v-faulty')
  assert.equal(settingsFrom({ SERVICE_WORKLOAD: 'ratings-v1-canary' }).workload, 'ratings-v1-canary')
})

test('the database is named by the variables of the tutorials', () => {
  const env = { ...database, SERVICE_VERSION: 'v2-mysql', MYSQL_DB_PORT: '3307', MYSQL_DB_TIMEOUT: '0.5' }
  assert.deepEqual(settingsFrom(env).database, {
    host: 'mysqldb',
    port: 3307,
    user: 'root',
    password: 'password',
    database: 'test',
    timeout: 500
  })
})

for (const [name, value] of [
  ['PORT', 'http'],
  ['PORT', '70000'],
  ['DB_TYPE', 'mongodb'],
  ['MYSQL_DB_HOST', ''],
  ['MYSQL_DB_USER', ''],
  ['MYSQL_DB_PASSWORD', ''],
  ['MYSQL_DB_PORT', '-1'],
  ['MYSQL_DB_TIMEOUT', 'soon'],
  ['MYSQL_DB_TIMEOUT', '0']
]) {
  test(`${name} cannot be ${value || 'empty'}, and the message begins with it`, () => {
    assert.throws(() => settingsFrom({ ...database, [name]: value }), { message: new RegExp(`^${name}: `) })
  })
}

for (const version of ['v2', 'v2-mysql']) {
  test(`version ${version} without a database is refused, not served from memory`, () => {
    assert.throws(() => settingsFrom({ SERVICE_VERSION: version }), {
      message: `DB_TYPE: mysql, because version ${version} keeps its stars in a database`
    })
  })
}

test('a version that is merely called like version 2 needs no database', () => {
  assert.equal(settingsFrom({ SERVICE_VERSION: 'v20' }).database, undefined)
})
