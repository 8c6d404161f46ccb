"""What is measured, as 2019 shows it (spec hpcpack-2016, section 6)."""

from headgate.dialects.hpcpack import parameters, rendering, typed
from headgate.dialects.hpcpack.context import Context
from headgate.formats.hpcpack.exchange import Call, found, found_beside
from headgate.formats.serving import Answer


class MetricCalls:
    """See the module."""

    def __init__(self, context: Context) -> None:
        self._metrics = context.metrics

    async def nodes(self, call: Call) -> Answer:
        """Read metrics of all nodes as they are now."""
        figures = parameters.figures(call.query)
        current = await self._metrics.current(call.caller, figures)
        return found(call.spelling.typed_list(rendering.node_metrics(current), typed.NodeMetric))

    async def definitions(self, call: Call) -> Answer:
        """List the metrics there are."""
        return found(call.spelling.typed_list(rendering.definitions(), typed.MetricDefinition))

    async def history(self, call: Call) -> Answer:
        """Read a metric of each node over time, up to seven days back."""
        figure = parameters.figure(call.values[0])
        first = parameters.required_time(call.query, "fromTime")
        last = parameters.required_time(call.query, "toTime")
        series = await self._metrics.history(call.caller, figure, first, last)
        spelled = call.spelling.typed
        return await found_beside(lambda: spelled(rendering.history(figure, first, last, series)))

    async def jobs(self, call: Call) -> Answer:
        """Count the jobs that ended in each hour of the last seven days."""
        first, last, counts = await self._metrics.jobs(call.caller)
        return found(call.spelling.typed(rendering.ended_jobs(first, last, counts)))
