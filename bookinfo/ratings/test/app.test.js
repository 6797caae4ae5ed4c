import assert from 'node:assert/strict'
import { test } from 'node:test'

import { buildApp } from '../src/app.js'
import { settingsFrom } from '../src/settings.js'
import { Unavailable } from '../src/unavailable.js'

const settings = settingsFrom({ POD_NAME: 'pod-1', LOG_LEVEL: 'silent' })

/** Builds an app that is closed when the test ends. */
function appFor (t, parts) {
  const app = buildApp(settings, parts)
  t.after(() => app.close())
  return app
}

/** A store that cannot answer. */
function failing (error) {
  return { async ratingsOf () { throw error }, async close () {} }
}

test('a book has the stars of its reviewers', async (t) => {
  const reply = await appFor(t).inject('/ratings/0')
  assert.equal(reply.statusCode, 200)
  assert.deepEqual(reply.json(), { id: 0, ratings: { Reviewer1: 5, Reviewer2: 4 } })
})

test('a book that nobody knows is not found', async (t) => {
  const reply = await appFor(t).inject('/ratings/7')
  assert.equal(reply.statusCode, 404)
  assert.deepEqual(reply.json(), { error: 'no product 7' })
})

for (const id of ['x', '-1', '1.5', '0x10']) {
  test(`a product number cannot be ${id}`, async (t) => {
    const reply = await appFor(t).inject(`/ratings/${id}`)
    assert.equal(reply.statusCode, 400)
    assert.match(reply.json().error, /product number/)
  })
}

test('health answers', async (t) => {
  const reply = await appFor(t).inject('/health')
  assert.equal(reply.statusCode, 200)
  assert.deepEqual(reply.json(), { status: 'ok' })
})

test('a store that fails is a 500 without internals', async (t) => {
  const reply = await appFor(t, { store: failing(new Error('secret of the database')) }).inject('/ratings/0')
  assert.equal(reply.statusCode, 500)
  assert.deepEqual(reply.json(), { error: 'internal error' })
})

test('a store that is unavailable is a 503 that says so without internals, and health stays', async (t) => {
  const cause = new Error('secret of the database')
  const app = appFor(t, { store: failing(new Unavailable('ratings database is unavailable', { cause })) })
  const reply = await app.inject('/ratings/0')
  assert.equal(reply.statusCode, 503)
  assert.deepEqual(reply.json(), { error: 'ratings database is unavailable' })
  assert.equal((await app.inject('/health')).statusCode, 200)
})

for (const path of ['/ratings/0', '/ratings/7', '/ratings/x', '/ratings/%ff', '/nowhere', '/health']) {
  test(`the reply to ${path} says who answered`, async (t) => {
    const { headers } = await appFor(t).inject(path)
    assert.equal(headers['x-served-by'], 'pod-1')
    assert.equal(headers['x-served-workload'], 'ratings-v1')
    assert.equal(headers['x-served-version'], 'v1')
  })
}
