import { hostname } from 'node:os'

/**
 * What the environment says about this instance.
 *
 * @typedef {object} Settings
 * @property {string} host address that is listened on
 * @property {number} port port that is listened on
 * @property {string} pod name of the pod
 * @property {string} workload name of the Deployment, for example ratings-v1
 * @property {string} version version of the service, for example v1
 * @property {string} logLevel a level of pino, or silent
 */

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {Settings}
 */
export function settingsFrom (env) {
  const version = env.SERVICE_VERSION || 'v1'
  return {
    host: env.HOST || '0.0.0.0',
    port: Number(env.PORT || 9080),
    pod: env.POD_NAME || hostname(),
    workload: env.SERVICE_WORKLOAD || `ratings-${version}`,
    version,
    logLevel: env.LOG_LEVEL || 'info'
  }
}
