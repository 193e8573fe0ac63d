-- The operator watches and does nothing.
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["ejabberdlab.dev/paused"] = "true"
return obj
