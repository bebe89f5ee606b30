import { priceIndex } from './kernel';

export default async function Home() {
  const { median, count } = await priceIndex('home', 1000);
  return (
    <main>
      <h1>Shop</h1>
      <p>
        {median.toFixed(2)} ({count})
      </p>
    </main>
  );
}
