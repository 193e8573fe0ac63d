-- The operator acts again.
obj.metadata.annotations["ejabberdlab.dev/paused"] = nil
return obj
