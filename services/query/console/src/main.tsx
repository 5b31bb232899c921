import { render } from "preact";
import { App } from "./app";
import { startRouter } from "./lib/router";
import { keptTheme, setTheme } from "./lib/theme";
import "./styles/tokens.css";
import "./styles/fonts.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/parts.css";
import "./styles/charts.css";
import "./styles/pages.css";
import "./styles/panel.css";
import "./styles/demand.css";

setTheme(keptTheme());
startRouter();
const root = document.getElementById("app");
if (root !== null) render(<App />, root);
