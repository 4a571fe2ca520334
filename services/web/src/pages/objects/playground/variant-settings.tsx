import { useQuery } from '@tanstack/react-query';
import { useId } from 'react';
import { providersQuery } from '../../../api/completions.ts';
import { examplesOf, providerFor } from './model-names.ts';
import type { Variant } from './variant.ts';

interface Props {
  readonly projectId: string;
  readonly variant: Variant;
  readonly number: number;
  readonly onChange: (variant: Variant) => void;
  readonly onRemove?: () => void;
}

/** The model of a variant and how it is asked. */
export function VariantSettings({ projectId, variant, number, onChange, onRemove }: Props) {
  return (
    <fieldset className="variant-settings">
      <legend className="skip">Variant {number}</legend>
      <div className="heading">
        <ModelField projectId={projectId} variant={variant} number={number} onChange={onChange} />
        {onRemove && (
          <button className="button quiet" aria-label={`Remove variant ${number}`} onClick={onRemove}>
            ✕
          </button>
        )}
      </div>
      <div className="variant-numbers">
        <NumberField label="Temperature" value={variant.temperature} step={0.1} max={2} onChange={(temperature) => onChange({ ...variant, temperature })} />
        <NumberField label="Top P" value={variant.topP} step={0.05} max={1} onChange={(topP) => onChange({ ...variant, topP })} />
        <NumberField label="Max tokens" value={variant.maxTokens} step={1} onChange={(maxTokens) => onChange({ ...variant, maxTokens })} />
        <label className="variant-json">
          <input
            type="checkbox"
            checked={variant.isJson}
            onChange={(event) => onChange({ ...variant, isJson: event.target.checked })}
          />{' '}
          JSON
        </label>
      </div>
    </fieldset>
  );
} // prettier-ignore

function ModelField({ projectId, variant, number, onChange }: Omit<Props, 'onRemove'>) {
  const list = useId();
  const providers = useQuery(providersQuery(projectId)).data ?? [];
  const provider = variant.model === '' ? undefined : providerFor(variant.model, providers);
  return (
    <div className="variant-model">
      <input
        className="field"
        aria-label={`Model of variant ${number}`}
        placeholder="Model, such as gpt-4o-mini"
        list={list}
        autoComplete="off"
        spellCheck={false}
        maxLength={256}
        value={variant.model}
        onChange={(event) => onChange({ ...variant, model: event.target.value })}
      />
      <datalist id={list}>
        {examplesOf(providers).map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      {provider !== undefined && provider.missing.length > 0 && (
        <p className="soft variant-hint">
          The server has no {provider.missing.join(', ')}: set {provider.missing.length === 1 ? 'it' : 'them'}{' '}
          to ask {provider.provider}.
        </p>
      )}
    </div>
  );
}

function NumberField({
  label,
  value,
  step,
  max,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly step: number;
  readonly max?: number;
  readonly onChange: (value: string) => void;
}) {
  return (
    <label>
      <span className="soft">{label}</span>
      <input
        className="field"
        type="number"
        min={step === 1 ? 1 : 0}
        step={step}
        {...(max !== undefined && { max })}
        placeholder="default"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}
