-- One durable script submission per request over the SOCA face. The second argument is USER:KEY.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  local user, key = args[2]:match("([^:]+):(.+)")
  headers = {
    ["X-SOCA-USER"] = user, ["X-SOCA-TOKEN"] = key,
    ["Content-Type"] = "application/x-www-form-urlencoded",
  }
  -- #!/bin/bash, -N benchmark, -l select=1:ncpus=1, -l walltime=00:10:00, true
  body = "payload=IyEvYmluL2Jhc2gKI1BCUyAtTiBiZW5jaG1hcmsKI1BCUyAtbCBzZWxlY3Q9MTpuY3B1cz0x"
    .. "CiNQQlMgLWwgd2FsbHRpbWU9MDA6MTA6MDAKdHJ1ZQo%3D"
  done, refused = 0, 0
end

function request()
  return wrk.format("POST", "/api/scheduler/job", headers, body)
end

function response(status)
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
