"""Has a conversation with tools and a subagent through the Conversation SDK and reads it back. argv: project. Prints one JSON object."""

import datetime
import json
import sys

import weave
from weave.conversation import Message, TextPart, ToolCallPart, Usage

project = sys.argv[1]
client = weave.init(project)
start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)

conversation = weave.conversation.Conversation(
    conversation_id="trip-1", conversation_name="A trip", agent_name="planner", agent_version="v2", model="gpt-4o-mini"
)
with conversation:
    with conversation.start_turn(user_message="Where to?", system_instructions=["You plan trips."]) as turn:
        turn.set_attributes({"team": "north", "attempt": 1, "score": 0.5, "fast": True})
        with turn.start_llm(model="gpt-4o-mini", provider_name="OpenAI") as llm:
            llm.record(
                input_messages=[Message(role="user", content="Where to?")],
                output_messages=[
                    Message(
                        role="assistant",
                        parts=[
                            TextPart(content="I look it up."),
                            ToolCallPart(id="call_1", name="weather", arguments={"city": "Rome"}),
                        ],
                    )
                ],
                usage=Usage(input_tokens=10, output_tokens=5, reasoning_tokens=2, cache_read_input_tokens=4),
                reasoning="It is winter.",
                response_model="gpt-4o-mini-2024-07-18",
                finish_reasons=["tool_calls"],
            )
        with turn.start_tool(name="weather", arguments='{"city": "Rome"}', tool_call_id="call_1") as tool:
            tool.result = "18 degrees, and a few clouds above the hills of Rome"
        with turn.start_subagent(name="critic") as critic:
            with critic.start_llm(model="gpt-4o") as llm:
                llm.output("Rome is fine.")
                llm.usage = Usage(input_tokens=3, output_tokens=1)
        with turn.start_llm(model="gpt-4o-mini", provider_name="OpenAI") as llm:
            llm.record(
                output_messages=[Message(role="assistant", content="Go to Rome.")],
                usage=Usage(input_tokens=20, output_tokens=4, cache_creation_input_tokens=6),
            )
    with conversation.start_turn(user_message="Thanks") as turn:
        with turn.start_llm(model="gpt-4o-mini", provider_name="OpenAI") as llm:
            llm.record(
                input_messages=[Message(role="user", content="Thanks")],
                output_messages=[Message(role="assistant", content="Bon voyage!")],
            )
    try:
        with conversation.start_turn(user_message="And back?") as turn:
            raise ValueError("no way back")
    except ValueError:
        pass

client.flush()
try:
    from opentelemetry import trace

    trace.get_tracer_provider().force_flush()
except AttributeError:
    pass
weave.finish() if len(sys.argv) > 2 else None


def plain(value):
    return json.loads(value.to_json() if hasattr(value, "to_json") else value.model_dump_json())


turns = client.get_agent_turns(conversation_id="trip-1", include_feedback=True)
first = turns.turns[0] if turns.turns else None
metric = {"alias": "tokens", "value_type": "number", "value": {"source": "field", "key": "usage.input_tokens"}, "aggregations": ["sum"]}
print(json.dumps({
    "agents": [plain(each) for each in client.get_agents(sort_by=[{"field": "span_count", "direction": "desc"}])],
    "versions": [plain(each) for each in client.get_agent_versions(agent_name="planner")],
    "spans": [plain(each) for each in client.get_agent_spans(sort_by=[{"field": "started_at", "direction": "asc"}])],
    "of_critic": [plain(each) for each in client.get_agent_spans(agent_name="critic")],
    "turns": plain(turns),
    "turn": plain(client.get_agent_turn(trace_id=first.trace_id)) if first else None,
    "stats": plain(client.get_agent_span_stats(start=start, metrics=[metric], group_by=[{"source": "field", "key": "request.model"}])),
    "custom": plain(client.get_agent_custom_attributes()),
    "search": plain(client.search_agents(query="Rome")),
}))
