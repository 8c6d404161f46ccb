-- What the scripts of submissions share: counting what was answered as it should be, over all threads.
-- A script sets the globals `done` and `refused` of its threads; wrk calls `setup` and `done`.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

-- For one request that stands for itself.
function count(status)
  if status == 200 then
    done = done + 1
  else
    refused = refused + 1
  end
end

function done(summary, latency)
  local whole, wrong = 0, 0
  for _, thread in ipairs(threads) do
    whole, wrong = whole + thread:get("done"), wrong + thread:get("refused")
  end
  local failed = summary.errors
  io.write(string.format(
    '{"done":%d,"refused":%d,"errors":%d,"requests":%d,"seconds":%f,"p99_ms":%f}\n',
    whole, wrong, failed.connect + failed.read + failed.write + failed.timeout,
    summary.requests, summary.duration / 1e6, latency:percentile(99) / 1e3))
end
