-- Steps that have failed too often are tried at once.
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["ejabberdlab.dev/retry"] = os.date("!%Y-%m-%dT%H:%M:%SZ")
return obj
