internal import CAttuneKernels
internal import Glibc

/// How many cores this process may use: the affinity mask and the quotas of its control groups together.
package enum CoreCount {
    /// At least 1.
    static func available() -> Int {
        let allowed = max(1, Int(attune_allowed_cores()))
        let quota = quota(groups: readText("/proc/self/cgroup") ?? "", root: "/sys/fs/cgroup")
        return max(1, min(allowed, quota ?? allowed))
    }

    /// The smallest quota, in whole cores rounded up, of the groups named in `groups` (the text of /proc/self/cgroup) and
    /// of their parents; nil where none is set. Reads version 2 (`cpu.max`) and version 1 (`cpu.cfs_quota_us`).
    package static func quota(groups: String, root: String) -> Int? {
        var smallest: Int?
        for line in groups.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let controllers = fields[1].split(separator: ",")
            if controllers.isEmpty {
                consider(hierarchy: root, path: fields[2], quota: quotaVersion2, smallest: &smallest)
            } else if controllers.contains("cpu") {
                for name in [String(fields[1]), "cpu"] {
                    consider(
                        hierarchy: root + "/" + name, path: fields[2], quota: quotaVersion1, smallest: &smallest)
                }
            }
        }
        return smallest
    }

    /// Looks at a group and all above it. In a container the path may be the host's; the root is looked at in any case.
    private static func consider(
        hierarchy: String, path: Substring, quota: (String) -> Int?, smallest: inout Int?
    ) {
        var parts = path.split(separator: "/")
        while true {
            let folder = ([hierarchy] + parts.map(String.init)).joined(separator: "/")
            if let found = quota(folder) { smallest = min(smallest ?? found, found) }
            guard parts.popLast() != nil else { return }
        }
    }

    private static func quotaVersion2(_ folder: String) -> Int? {
        let fields = (readText(folder + "/cpu.max") ?? "").split(whereSeparator: \.isWhitespace)
        guard fields.count == 2, let quota = Int(fields[0]), let period = Int(fields[1]) else { return nil }
        return cores(quota: quota, period: period)
    }

    private static func quotaVersion1(_ folder: String) -> Int? {
        func number(_ name: String) -> Int? {
            (readText(folder + "/" + name) ?? "").split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) }
        }
        guard let quota = number("cpu.cfs_quota_us"), let period = number("cpu.cfs_period_us") else { return nil }
        return cores(quota: quota, period: period)
    }

    private static func cores(quota: Int, period: Int) -> Int? {
        guard quota > 0, period > 0 else { return nil }
        return max(1, quota / period + (quota % period == 0 ? 0 : 1))
    }

    /// The text of a small file, nil where it cannot be read.
    private static func readText(_ path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 65536)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(validating: bytes.prefix(count), as: UTF8.self)
    }
}
