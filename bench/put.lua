-- Replays presigned PUTs of one body. PATHS names a file of request targets, START how many to pass over at first,
-- BODY the file to send.
local targets, at = {}, tonumber(os.getenv("START"))
for line in io.lines(os.getenv("PATHS")) do targets[#targets + 1] = line end
local file = io.open(os.getenv("BODY"), "rb")
local body = file:read("*a")
file:close()

request = function()
    at = at % #targets + 1
    return wrk.format("PUT", targets[at], nil, body)
end
