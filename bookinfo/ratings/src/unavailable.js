/**
 * This service cannot answer now: status 503, with a message that is meant for the caller. Its cause, when it has one,
 * is not: it belongs in the log.
 */
export class Unavailable extends Error {
  name = 'Unavailable'
}
