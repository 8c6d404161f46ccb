-- One held script job per request over slurmrestd's job/submit. The second argument is NAME:TOKEN.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  local user, token = args[2]:match("([^:]+):(.+)")
  headers = {
    ["X-SLURM-USER-NAME"] = user, ["X-SLURM-USER-TOKEN"] = token, ["Content-Type"] = "application/json",
  }
  -- The job of soca.lua: a name, one core, ten minutes. Without an environment it would be refused.
  body = '{"script":"#!/bin/bash\\ntrue\\n","job":{"name":"benchmark","hold":true,"tasks":1,"cpus_per_task":1,'
    .. '"time_limit":10,"current_working_directory":"/","environment":{"PATH":"/usr/bin:/bin"}}}'
  done, refused = 0, 0
end

function request()
  return wrk.format("POST", "/slurm/v0.0.38/job/submit", headers, body)
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
