internal import Files

extension RecallCalibration {
    /// Room for points in a file, and the bytes of each: effort as uint64, recall, lower and upper end as float64.
    static let fileRoom = 64
    static let pointSize = 32

    /// The points as a file has them, the rest of the room 0.
    static func pointBytes(_ calibration: RecallCalibration?) -> [UInt8] {
        var bytes: [UInt8] = []
        for point in calibration?.points ?? [] {
            bytes.append(littleEndian: UInt64(point.effort))
            for number in [point.recall, point.lower, point.upper] { bytes.append(littleEndian: number.bitPattern) }
        }
        precondition(bytes.count <= fileRoom * pointSize, "\(bytes.count / pointSize) measured efforts")
        return bytes + [UInt8](repeating: 0, count: fileRoom * pointSize - bytes.count)
    }

    /// The points of a file; nil where they say impossible things.
    static func points(_ bytes: UnsafeRawBufferPointer, count: Int) -> [Point]? {
        guard count <= fileRoom else { return nil }
        func double(_ offset: Int) -> Double { Double(bitPattern: bytes.littleEndian(UInt64.self, at: offset)) }
        let points = (0..<count).map { index in
            let offset = index * pointSize
            return Point(
                effort: Int(bytes.littleEndian(UInt32.self, at: offset)), recall: double(offset + 8),
                lower: double(offset + 16), upper: double(offset + 24))
        }
        return points.allSatisfy { $0.effort >= 1 && (0...1).contains($0.recall) } ? points : nil
    }
}
