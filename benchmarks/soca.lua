-- One durable script submission per request over the SOCA face. The second argument is USER:KEY.

dofile(debug.getinfo(1, "S").source:match("@(.*/)") .. "counting.lua")

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
  count(status)
end
