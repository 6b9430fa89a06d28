import { markup, type Markup, type Part } from '../markup.js';

/** A name and its value in a list of facts. */
export function fact(name: string, value: Part, why?: string): Markup {
  return markup`<div>
    <dt>${name}</dt>
    <dd>${value}${why !== undefined && markup` <small>${why}</small>`}</dd>
  </div>
`;
}
