-- Asks for one target after another. TARGETS is a file of presigned request targets, one a line: PUTs of BODY, which is
-- the file to send, or GETs where there is none. START is the line to begin with; each thread of wrk takes every
-- THREADS-th from there.
-- By B2, UPLOADS in place of TARGETS is a file of lines `target token`, one for each thread; each upload has a new name,
-- and SHA1 is that of the body.
local started = 0

function setup(thread)
    thread:set("number", started)
    started = started + 1
end

function init()
    at = tonumber(os.getenv("START")) + number
    step = tonumber(os.getenv("THREADS"))
    if os.getenv("BODY") then
        local file = io.open(os.getenv("BODY"), "rb")
        body = file:read("*a")
        file:close()
    end
    lines = {}
    for line in io.lines(os.getenv("TARGETS") or os.getenv("UPLOADS")) do lines[#lines + 1] = line end
    if os.getenv("UPLOADS") then
        target, token = lines[number % #lines + 1]:match("(%S+) (%S+)")
        sha1 = os.getenv("SHA1")
    end
end

local function s3_request()
    return wrk.format(body and "PUT" or "GET", lines[at % #lines + 1], nil, body)
end

local function b2_upload()
    local fields = {
        ["Authorization"] = token,
        ["X-Bz-File-Name"] = string.format("2026/11/%07d.png", at),
        ["Content-Type"] = "image/png",
        ["X-Bz-Content-Sha1"] = sha1,
    }
    return wrk.format("POST", target, fields, body)
end

function request()
    local made = token and b2_upload() or s3_request()
    at = at + step
    return made
end
