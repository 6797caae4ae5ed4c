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
 * @property {Database} [database] where stars are kept; in memory when absent
 *
 * @typedef {object} Database
 * @property {string} host
 * @property {number} port
 * @property {string} user
 * @property {string} password
 * @property {string} database name of the schema
 * @property {number} timeout milliseconds: for a connection to be made, and again for the answer to a query
 */

/** A variable that cannot be used; the message begins with its name. */
export class SettingsError extends Error {
  name = 'SettingsError'
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {Settings}
 * @throws {SettingsError}
 */
export function settingsFrom (env) {
  const version = env.SERVICE_VERSION || 'v1'
  return {
    host: env.HOST || '0.0.0.0',
    port: port(env, 'PORT', 9080),
    pod: env.POD_NAME || hostname(),
    workload: env.SERVICE_WORKLOAD || `ratings-${version}`,
    version,
    logLevel: env.LOG_LEVEL || 'info',
    database: database(env, version)
  }
}

/** The variables are those of the tutorials' manifests. */
function database (env, version) {
  if (!env.DB_TYPE) {
    if (/^v2($|-)/.test(version)) {
      throw new SettingsError(`DB_TYPE: mysql, because version ${version} keeps its stars in a database`)
    }
    return undefined
  }
  if (env.DB_TYPE !== 'mysql') throw new SettingsError(`DB_TYPE: mysql, not ${env.DB_TYPE}`)
  return {
    host: required(env, 'MYSQL_DB_HOST'),
    port: port(env, 'MYSQL_DB_PORT', 3306),
    user: required(env, 'MYSQL_DB_USER'),
    password: required(env, 'MYSQL_DB_PASSWORD'),
    database: 'test',
    timeout: seconds(env, 'MYSQL_DB_TIMEOUT', 1) * 1000
  }
}

function required (env, name) {
  if (!env[name]) throw new SettingsError(`${name}: needed where DB_TYPE is mysql`)
  return env[name]
}

function port (env, name, otherwise) {
  const number = Number(env[name] || otherwise)
  if (!Number.isInteger(number) || number < 0 || number > 65535) {
    throw new SettingsError(`${name}: a port, not ${env[name]}`)
  }
  return number
}

function seconds (env, name, otherwise) {
  const number = Number(env[name] || otherwise)
  if (!(number > 0 && number <= 60)) throw new SettingsError(`${name}: seconds, at most 60, not ${env[name]}`)
  return number
}
