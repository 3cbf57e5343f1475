/**
 * The same log lines in the words of those who collect them.
 *
 *   json     time, level, msg, service, version, cluster, node, component, event, … err
 *   ecs      Elastic Common Schema: @timestamp, log.level, message, service.*, event.code, error.*;
 *            what the schema has no name for stands under `apex`
 *   datadog  Datadog's standard attributes: timestamp, status, message, service, version, error.*
 *   pretty   `json`, made readable for a person
 */
import pino, { type LoggerOptions } from 'pino';

export const LOG_FORMATS = ['json', 'pretty', 'ecs', 'datadog'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** Who is speaking, on every line. */
export interface Speaker {
  readonly service: string;
  readonly version: string;
  readonly node: number;
  /** Null until the node belongs to one. */
  cluster: string | null;
}

type Fields = Record<string, unknown>;

const ECS_VERSION = '8.11.0';

export function formatOptions(format: LogFormat, speaker: Speaker): LoggerOptions {
  switch (format) {
    case 'json':
    case 'pretty':
      return jsonOptions(speaker);
    case 'ecs':
      return ecsOptions(speaker);
    case 'datadog':
      return datadogOptions(speaker);
  }
}

function jsonOptions({ service, version, node }: Speaker): LoggerOptions {
  return {
    base: { service, version, node },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (level) => ({ level }) },
  };
}

function ecsOptions({ service, version, node }: Speaker): LoggerOptions {
  const base = {
    'ecs.version': ECS_VERSION,
    service: { name: service, version, node: { name: String(node) } },
  };
  return {
    base,
    messageKey: 'message',
    timestamp: () => `,"@timestamp":"${new Date().toISOString()}"`,
    formatters: { level: (level) => ({ 'log.level': level }), log: ecsFields },
  };
}

function ecsFields({ component, event, err, ...apex }: Fields): Fields {
  return {
    apex,
    ...(component === undefined ? {} : { 'log.logger': component }),
    ...(event === undefined ? {} : { event: { code: event } }),
    ...(err instanceof Error ? { error: ecsError(err) } : {}),
  };
}

const ecsError = ({ name, message, stack }: Error): Fields => ({
  type: name,
  message,
  stack_trace: stack,
});

function datadogOptions({ service, version, node }: Speaker): LoggerOptions {
  return {
    base: { ddsource: 'nodejs', service, version, node },
    messageKey: 'message',
    timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
    formatters: { level: (level) => ({ status: level }), log: datadogFields },
  };
}

function datadogFields({ err, ...fields }: Fields): Fields {
  if (!(err instanceof Error)) return fields;
  return { ...fields, error: { kind: err.name, message: err.message, stack: err.stack } };
}
