-- How Argo CD sees a ScheduledJob. A run that has failed is no fault of what was deployed: alerts tell of it.
local function health(status, message)
  return { status = status, message = message }
end

local function condition(name)
  for _, each in ipairs(obj.status.conditions or {}) do
    if each.type == name then
      return each
    end
  end
  return { status = "Unknown", message = "" }
end

if obj.metadata.deletionTimestamp ~= nil then
  return health("Progressing", "It is being deleted.")
end
-- Conditions that were written for an older spec say nothing of this one.
if obj.status == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return health("Progressing", "The operator has not read this spec yet.")
end
if condition("Stalled").status == "True" then
  return health("Degraded", condition("Stalled").message)
end
if condition("Ready").status ~= "True" then
  return health("Progressing", condition("Ready").message)
end
if condition("Ready").reason == "Suspended" then
  return health("Suspended", condition("Ready").message)
end
if obj.status.phase == "Running" then
  return health("Healthy", "A run goes on.")
end
return health("Healthy", condition("Ready").message)
