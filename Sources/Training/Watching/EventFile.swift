internal import Files

#if canImport(Glibc)
    internal import Glibc
#endif

/// `events.out.tfevents.*`: the curves of a run as TensorBoard reads them.
///
/// A file of TFRecords (length, its masked CRC-32C, data, its masked CRC-32C), each an `Event` of
/// tensorflow/core/util/event.proto with a `Summary` of scalars; the first names the version of the format, `brain.Event:2`.
/// A run has one such file. A run that is resumed keeps its records up to the checkpoint, with their times, and drops what came
/// after: no step stands in it twice.
final class EventFile {
    private let file: AppendedFile

    private static let prefix = "events.out.tfevents."
    private static let version = "brain.Event:2"

    /// Opens the file of a run that has taken `steps` steps. With 0 steps it begins anew.
    static func open(in folder: String, afterSteps steps: Int) throws(FilesError) -> EventFile {
        let names = try FileSystem.names(in: folder).filter { $0.hasPrefix(prefix) }.sorted()
        var kept: [UInt8] = []
        if steps > 0 {
            for name in names {
                let bytes = try readFile(FileSystem.joined(folder, name))
                // The first names the version, and is written anew.
                for event in Self.events(in: bytes).dropFirst() where event.step <= steps {
                    kept += bytes[event.record]
                }
            }
        }
        let now = wallTime()
        let name = (steps > 0 ? names.first : nil) ?? "\(prefix)\(tenDigits(now)).\(hostName)"
        try writeFile(record(of: header(at: now)) + kept, to: FileSystem.joined(folder, name))
        for other in names where other != name { try FileSystem.remove(FileSystem.joined(folder, other)) }
        return EventFile(file: try AppendedFile(FileSystem.joined(folder, name)))
    }

    private init(file: AppendedFile) { self.file = file }

    /// Appends the figures of a step. What is no finite number stays out.
    func append(step: Int, _ scalars: [(tag: String, value: Double)]) throws(FilesError) {
        let finite = scalars.filter { Float($0.value).isFinite }
        guard !finite.isEmpty else { return }
        try file.append(Self.record(of: Self.event(step: step, finite, at: wallTime())))
    }

    /// Puts what was appended on the disk.
    func synchronize() throws(FilesError) { try file.synchronize() }

    // MARK: Messages

    private enum Field {
        static let wallTime = 1
        static let step = 2
        static let fileVersion = 3
        static let summary = 5
        static let value = 1
        static let tag = 1
        static let simpleValue = 2
    }

    static func header(at time: Double) -> ProtocolBuffer {
        var event = ProtocolBuffer()
        event.add(time, field: Field.wallTime)
        event.add(version, field: Field.fileVersion)
        return event
    }

    static func event(step: Int, _ scalars: [(tag: String, value: Double)], at time: Double) -> ProtocolBuffer {
        var summary = ProtocolBuffer()
        for (tag, number) in scalars {
            var value = ProtocolBuffer()
            value.add(tag, field: Field.tag)
            value.add(Float(number), field: Field.simpleValue)
            summary.add(value, field: Field.value)
        }
        var event = ProtocolBuffer()
        event.add(time, field: Field.wallTime)
        event.add(step, field: Field.step)
        event.add(summary, field: Field.summary)
        return event
    }

    // MARK: Records

    static func record(of message: ProtocolBuffer) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: UInt64(message.bytes.count))
        bytes.append(littleEndian: maskedChecksum(bytes))
        bytes += message.bytes
        bytes.append(littleEndian: maskedChecksum(message.bytes))
        return bytes
    }

    /// A checksum in the form in which a file of checksums may hold it (tensorflow/core/lib/hash/crc32c.h).
    static func maskedChecksum(_ bytes: [UInt8]) -> UInt32 {
        let checksum = checksum(of: bytes)
        return (checksum >> 15 | checksum << 17) &+ 0xA282_EAD8
    }

    /// The whole, undamaged records from the start of a file: what a process that was killed left half-written ends them.
    private static func events(in bytes: [UInt8]) -> [(record: Range<Int>, step: Int)] {
        var events: [(record: Range<Int>, step: Int)] = []
        var start = 0
        while bytes.count - start >= 16 {
            let length = bytes[start..<start + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            guard length <= UInt64(bytes.count - start - 16) else { break }
            let end = start + 16 + Int(length)
            let data = bytes[start + 12..<end - 4]
            guard record(of: ProtocolBuffer(bytes: Array(data)))[...] == bytes[start..<end],
                let step = ProtocolBuffer.number(field: Field.step, of: data)
            else { break }
            events.append((start..<end, step))
            start = end
        }
        return events
    }

    private static func tenDigits(_ time: Double) -> String {
        let seconds = String(Int(time))
        return String(repeating: "0", count: max(0, 10 - seconds.count)) + seconds
    }

    private static var hostName: String {
        var bytes = [CChar](repeating: 0, count: 256)
        guard gethostname(&bytes, bytes.count - 1) == 0 else { return "localhost" }
        let name = String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return name.isEmpty || name.contains("/") ? "localhost" : name
    }
}

/// Seconds since 1970.
private func wallTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
