-- Starts the machines again that halt has shut down.
obj.spec = obj.spec or {}
obj.spec.running = true
return obj
