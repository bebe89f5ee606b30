import { init, type EChartsOption } from 'echarts';
import { useEffect, useRef } from 'react';

export interface ChartProps {
  readonly kind: 'bar' | 'line' | 'scatter';
  readonly name: string;
  readonly values: readonly number[];
}

export function Chart({ kind, name, values }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const option: EChartsOption = {
      xAxis: { type: 'category', data: values.map((_, hour) => `${hour}:00`) },
      yAxis: { type: 'value', max: Math.max(...values) },
      series: [{ type: kind, name, data: [...values] }],
    };
    init(place.current!).setOption(option);
  }, [kind, name, values]);
  return <div ref={place} />;
}
