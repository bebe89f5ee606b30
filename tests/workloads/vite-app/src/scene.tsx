import * as three from 'three';
import { useEffect, useRef } from 'react';

export interface SceneProps {
  readonly shape: 'BoxGeometry' | 'ConeGeometry' | 'SphereGeometry' | 'TorusGeometry';
  readonly scale: number;
  readonly color: number;
}

export function Scene({ shape, scale, color }: SceneProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const scene = new three.Scene();
    scene.add(new three.Mesh(new three[shape](scale), new three.MeshBasicMaterial({ color })));
    new three.WebGLRenderer({ canvas: canvas.current! }).render(scene, new three.PerspectiveCamera());
  }, [shape, scale, color]);
  return <canvas ref={canvas} />;
}
