-- Shuts the machines down in order; their disks stay.
obj.spec = obj.spec or {}
obj.spec.running = false
return obj
