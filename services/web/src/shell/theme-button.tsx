import { useState } from 'react';
import { keepTheme, readTheme, type Theme } from './theme.ts';

const NEXT: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' };
const LOOK: Readonly<Record<Theme, string>> = { system: '◐', light: '☀', dark: '☾' };

export function ThemeButton() {
  const [theme, setTheme] = useState(readTheme);
  const change = () => {
    keepTheme(NEXT[theme]);
    setTheme(NEXT[theme]);
  };
  return (
    <button
      className="button"
      onClick={change}
      aria-label={`Colours: ${theme}. Change to ${NEXT[theme]}`}
      title={`Colours: ${theme}`}
    >
      {LOOK[theme]}
    </button>
  );
}
