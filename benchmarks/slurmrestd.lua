-- One held script job per request over slurmrestd's job/submit. The second argument is NAME:TOKEN.

dofile(debug.getinfo(1, "S").source:match("@(.*/)") .. "counting.lua")

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
  count(status)
end
