-- Argo CD's health check of EjabberdLab and LibvirtHost. Argo CD sets obj and takes what is returned.
local function condition(kind)
  for _, c in ipairs((obj.status or {}).conditions or {}) do
    if c.type == kind then
      return c
    end
  end
end

local function health(status, message)
  return { status = status, message = message or "" }
end

local function is(c, value)
  return c ~= nil and c.status == value
end

-- A status that speaks of another generation says nothing about this one.
local observed = (obj.status or {}).observedGeneration
if observed == nil then
  return health("Progressing", "The operator has not looked at it yet.")
end
if observed ~= obj.metadata.generation then
  return health("Progressing", "The operator has not looked at the last change yet.")
end

local ready = condition("Ready")
if obj.metadata.deletionTimestamp ~= nil then
  return health("Progressing", "Being deleted. " .. ((ready or {}).message or ""))
end

local paused = condition("Paused")
if is(paused, "True") then
  return health("Suspended", paused.message)
end

local stalled = condition("Stalled")
if is(stalled, "True") then
  return health("Degraded", stalled.message)
end

local reconciling = condition("Reconciling")
if is(reconciling, "True") then
  return health("Progressing", reconciling.message)
end

-- A lab that was shut down on purpose is as it should be.
if is(ready, "True") or (is(ready, "False") and ready.reason == "Halted") then
  return health("Healthy", ready.message)
end
if is(ready, "False") then
  return health("Degraded", ready.message)
end
return health("Progressing", (ready or {}).message)
