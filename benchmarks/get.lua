-- The same GET again and again: Authorization, path and, if it is not to be kept, Connection are arguments.

function init(args)
  wrk.headers["Authorization"] = args[1]
  wrk.path = args[2]
  wrk.headers["Connection"] = args[3]
  bytes = wrk.format("GET")
end

function request()
  return bytes
end

function done(summary, latency)
  local failed = summary.errors
  io.write(string.format(
    '{"done":%d,"refused":%d,"errors":%d,"requests":%d,"seconds":%f,"p99_ms":%f}\n',
    summary.requests - failed.status, failed.status,
    failed.connect + failed.read + failed.write + failed.timeout,
    summary.requests, summary.duration / 1e6, latency:percentile(99) / 1e3))
end
