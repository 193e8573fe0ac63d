-- Which actions a lab has in Argo CD, and which of them would change something now.
local annotations = obj.metadata.annotations or {}
local paused = annotations["ejabberdlab.dev/paused"] == "true"
local running = (obj.spec or {}).running ~= false

local failed = false
for _, c in ipairs((obj.status or {}).conditions or {}) do
  failed = failed or (c.type == "Stalled" and c.status == "True")
end

local standby = false
for _, i in ipairs(((obj.status or {}).postgresql or {}).instances or {}) do
  standby = standby or (i.role == "standby" and i.state == "streaming")
end

return {
  ["halt"] = { disabled = not running },
  ["pause"] = { disabled = paused },
  ["resume"] = { disabled = running },
  ["retry"] = { disabled = not failed },
  ["switch-over"] = { disabled = not (running and standby and not paused) },
  ["unpause"] = { disabled = not paused },
}
