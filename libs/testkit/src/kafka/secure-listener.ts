import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type { Java } from './java.ts';

/** Who may connect, with a password each. */
export type KafkaUsers = Readonly<Record<string, string>>;

const SCRAM = ['SCRAM-SHA-256', 'SCRAM-SHA-512'];
const STORE_PASSWORD = 'changeit';
const run = promisify(execFile);

export interface Certificate {
  /** PKCS#12, with the key. */
  readonly keyStore: string;
  /** The certificate alone, PEM: it signs itself, so it is the authority too. */
  readonly caFile: string;
}

/** For 127.0.0.1 and localhost; made by the keytool that comes with `java`. */
export async function makeCertificate(directory: string, java: Java): Promise<Certificate> {
  const keyStore = join(directory, 'broker.p12');
  const caFile = join(directory, 'broker.pem');
  if (existsSync(caFile)) return { keyStore, caFile };
  const keytool = java.command.replace(/java$/, 'keytool');
  const store = ['-alias', 'broker', '-keystore', keyStore, '-storepass', STORE_PASSWORD];
  const subject = ['-dname', 'CN=localhost', '-ext', 'SAN=ip:127.0.0.1,dns:localhost', '-validity', '30'];
  await run(keytool, ['-genkeypair', '-storetype', 'PKCS12', '-keyalg', 'EC', ...subject, ...store]);
  await run(keytool, ['-exportcert', '-rfc', '-file', caFile, ...store]);
  return { keyStore, caFile };
}

/** A listener beside the plain ones: TLS, and SASL by PLAIN or SCRAM. Brokers go on talking to each other in plain. */
export function secureListener(users: KafkaUsers, { keyStore }: Certificate): Record<string, string> {
  const plain = Object.entries(users).map(([name, password]) => ` user_${name}="${password}"`);
  const modules = 'org.apache.kafka.common.security';
  return {
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL',
    'inter.broker.listener.name': 'PLAINTEXT',
    'sasl.enabled.mechanisms': ['PLAIN', ...SCRAM].join(','),
    'listener.name.secure.plain.sasl.jaas.config': `${modules}.plain.PlainLoginModule required${plain.join('')};`,
    ...Object.fromEntries(
      SCRAM.map((mechanism) => [
        `listener.name.secure.${mechanism.toLowerCase()}.sasl.jaas.config`,
        `${modules}.scram.ScramLoginModule required;`,
      ]),
    ),
    'listener.name.secure.ssl.keystore.type': 'PKCS12',
    'listener.name.secure.ssl.keystore.location': keyStore,
    'listener.name.secure.ssl.keystore.password': STORE_PASSWORD,
    'listener.name.secure.ssl.key.password': STORE_PASSWORD,
  };
}

/** Arguments of `kafka-storage format`: SCRAM's credentials live in the metadata log, so they are among its first records. */
export function scramArguments(users: KafkaUsers): string[] {
  return Object.entries(users).flatMap(([name, password]) =>
    SCRAM.flatMap((mechanism) => ['--add-scram', `${mechanism}=[name="${name}",password="${password}"]`]),
  );
}
