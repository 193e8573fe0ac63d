-- The first standby that streams becomes the primary.
for _, i in ipairs(((obj.status or {}).postgresql or {}).instances or {}) do
  if i.role == "standby" and i.state == "streaming" then
    obj.spec = obj.spec or {}
    obj.spec.postgresql = obj.spec.postgresql or {}
    obj.spec.postgresql.primary = i.name
    return obj
  end
end
error("no standby streams")
