import { LogController } from 'fastify'
import { stdTimeFunctions } from 'pino'

/**
 * Options for pino that give every line the fields that all four services share.
 *
 * @param {import('./settings.js').Settings} settings
 */
export function loggerOptions ({ logLevel, pod, version }) {
  return {
    level: logLevel,
    base: { service: 'ratings', version, pod },
    messageKey: 'message',
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) }
  }
}

/** One line for each request, when it is answered; none for the kubelet's probes, which would drown the rest. */
export class RequestLog extends LogController {
  constructor () {
    super({
      disableRequestLogging: (request) => request.url === '/health',
      requestIdLogLabel: 'request_id'
    })
  }

  incomingRequest () {}

  requestCompleted (error, request, reply) {
    if (this.isLogDisabled(request)) return
    request.log.info({
      method: request.method,
      path: request.url,
      status: reply.statusCode,
      seconds: Math.round(reply.elapsedTime * 1000) / 1e6,
      end_user: request.headers['end-user'],
      err: error ?? undefined
    }, 'request')
  }
}
