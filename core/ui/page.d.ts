// What the checker of types has to know of the page beside its modules. Nothing of this reaches a browser.

/** What Gradio gives to `mount` of an instrument: its element, its properties, and the way to its listeners in Python. */
interface Given {
  element: HTMLElement;
  props: any;
  trigger(name: string, data?: any): void;
  watch(properties: string | string[], act: () => void): void;
}

interface Window {
  /** What Gradio draws the page from. */
  gradio_config?: { dependencies: object[] };
  /** Put there by web/calls.js. */
  framesieve: {
    parts: Map<string, any>;
    part(id: string): Promise<any>;
    mounted(id: string, part: any): void;
    call(id: string, method: string, first: any[], values: any[]): void;
    hand(values: any, id: string, method: string): Promise<void>;
    ask(id: string, method: string, first: any[], values: any[]): any;
    sheet(tab: string, open?: boolean): void;
    /** Title of the tab that was clicked before the modules were there. */
    clicked?: string;
    /** For tests and the console. */
    review?: any;
    persons?: any;
    masking?: any;
    filter?: any;
  };
}

type TagOf<S extends string> = S extends `${infer Tag}.${string}` ? Tag : S;

/** What `h("button.chip")` makes. */
type ElementOf<S extends string> =
  TagOf<S> extends keyof HTMLElementTagNameMap
    ? HTMLElementTagNameMap[TagOf<S>]
    : TagOf<S> extends keyof SVGElementTagNameMap
      ? SVGElementTagNameMap[TagOf<S>]
      : HTMLElement;
