-- Whole jobs over the HPC Pack face: create, add a task with the id from the answer, submit.
-- Each thread has one connection and a Lua state of its own, so `step` and `job` belong to that connection.
-- Only an answer moves on to the next step; a refused request starts a new job.

dofile(debug.getinfo(1, "S").source:match("@(.*/)") .. "counting.lua")

function init(args)
  headers = { ["Authorization"] = args[1], ["Content-Type"] = "application/json" }
  step, job, done, refused = 1, 0, 0, 0
  create = '[{"Name":"Name","Value":"benchmark"},{"Name":"Priority","Value":"AboveNormal"}]'
  task = '[{"Name":"CommandLine","Value":"true"},{"Name":"WorkDirectory","Value":"/"}]'
end

function request()
  if step == 1 then
    return wrk.format("POST", "/hpc/jobs", headers, create)
  elseif step == 2 then
    return wrk.format("POST", "/hpc/jobs/" .. job .. "/tasks", headers, task)
  end
  return wrk.format("POST", "/hpc/jobs/" .. job .. "/submit", headers, "")
end

function response(status, _, body)
  if step == 1 and status == 200 then
    job, step = body, 2
  elseif step == 2 and status == 200 then
    step = 3
  elseif step == 3 and status == 204 then
    step, done = 1, done + 1
  else
    step, refused = 1, refused + 1
  end
end
