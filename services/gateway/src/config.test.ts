import { describe, expect, it } from '@jest/globals';
import { loadGatewayConfig } from './config.ts';

describe('the settings of the gateway', () => {
  it.each([
    [{}, { GATEWAY_OTLP_GRPC_PORT: 4317, GATEWAY_CORS_ORIGINS: [] }],
    [{ GATEWAY_OTLP_GRPC_PORT: '0' }, { GATEWAY_OTLP_GRPC_PORT: 0 }],
    [{ GATEWAY_OTLP_GRPC_PORT: 'Off' }, { GATEWAY_OTLP_GRPC_PORT: 'off' }],
    [{ GATEWAY_CORS_ORIGINS: '*' }, { GATEWAY_CORS_ORIGINS: ['*'] }],
    [
      { GATEWAY_CORS_ORIGINS: 'https://a.example.com, http://localhost:3000' },
      { GATEWAY_CORS_ORIGINS: ['https://a.example.com', 'http://localhost:3000'] },
    ],
    [{ WEFT_DEFAULT_PROJECT: 'acme/p' }, { WEFT_DEFAULT_PROJECT: 'acme/p' }],
  ])('%j are read', (env: Record<string, string>, expected) => {
    expect(loadGatewayConfig(env)).toMatchObject(expected);
  });

  it.each<Record<string, string>>([
    { GATEWAY_OTLP_GRPC_PORT: '65536' },
    { GATEWAY_OTLP_GRPC_PORT: 'tcp://10.0.0.1:4317' },
    { GATEWAY_CORS_ORIGINS: 'app.example.com' },
    { GATEWAY_CORS_ORIGINS: 'https://app.example.com/' },
    { WEFT_DEFAULT_PROJECT: 'p' },
    { WEFT_DEFAULT_PROJECT: 'a/b/c' },
  ])('%j stop the start by name', (env) => {
    expect(() => loadGatewayConfig(env)).toThrow(Object.keys(env)[0]);
  });
});
