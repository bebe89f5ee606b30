import type { ReactElement, ReactNode } from 'react';

export interface PanelProps {
  readonly rows: readonly number[];
}
export type Panel = (props: PanelProps) => ReactElement;

export interface FrameProps {
  readonly title: string;
  readonly onGrow: () => void;
  readonly children: ReactNode;
}

export function Frame({ title, onGrow, children }: FrameProps) {
  return (
    <section>
      <button onClick={onGrow}>{title}</button>
      {children}
    </section>
  );
}
