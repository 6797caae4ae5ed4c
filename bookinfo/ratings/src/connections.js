import { once } from 'node:events'

/**
 * Idle connections stay open for longer than the hour after which a sidecar's Envoy gives one up: a server that closes
 * first fails the request that crosses the close on its way. Milliseconds.
 */
const KEEP_ALIVE = 3_630_000

/**
 * Options for Fastify. Node.js counts the time for headers from the start of a connection, used or not, and Envoy
 * opens connections that it then has no request for.
 */
export const patientConnections = {
  keepAliveTimeout: KEEP_ALIVE,
  http: { headersTimeout: KEEP_ALIVE, requestTimeout: 0 }
}

/**
 * Makes close() end in two steps: first what is in flight, with open connections still answered and asked to leave;
 * then the connections, and with them what took longer than the grace.
 *
 * @param {import('fastify').FastifyInstance} app
 * @param {object} options
 * @param {number} options.grace milliseconds that requests in flight may take
 */
export function drainOnClose (app, { grace }) {
  const inFlight = new Set()
  let closing = false
  app.server.on('request', (_request, response) => {
    inFlight.add(response)
    response.once('close', () => {
      inFlight.delete(response)
      if (inFlight.size === 0) app.server.emit('quiet')
    })
  })
  app.addHook('onSend', async (_request, reply) => {
    if (closing) reply.header('connection', 'close')
  })
  app.addHook('preClose', async () => {
    closing = true
    if (inFlight.size > 0) {
      await once(app.server, 'quiet', { signal: AbortSignal.timeout(grace) }).catch(() => {})
    }
    for (const response of inFlight) response.destroy()
  })
}
