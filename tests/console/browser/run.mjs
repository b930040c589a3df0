import {run} from "./desk.mjs";
import "./texts.mjs";
import "./agent.mjs";
import "./supervisor.mjs";
import "./everybody.mjs";

await run();
