import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { panels } from './generated/index';

const rows = Array.from({ length: 24 }, (_, hour) => Math.sin(hour / 4) * 10);

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    {panels.map((Panel, index) => (
      <Panel key={index} rows={rows} />
    ))}
  </StrictMode>,
);
