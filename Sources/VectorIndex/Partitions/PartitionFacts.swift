/// The numbers of a file of partitions beside its tables, in 128 bytes.
///
/// | offset | what |
/// | --- | --- |
/// | 0 | seed, uint64 |
/// | 8 | partitions that were asked for, uint32; 0 for as many as fit |
/// | 12 | 1 where there is a space, uint32 |
/// | 16 | largest square of the space, float64 |
/// | 24 | scale of the space, float32 |
/// | 28 | measured points, uint32; 0 where nothing was measured |
/// | 32 | how many vectors there were when clusters were made, uint64 |
/// | 40, 48 | queries and vectors of the measurement, uint64 |
/// | 56 | the recall of its codes, float64 |
/// | 64 | its K, uint32 |
struct PartitionFacts: Equatable {
    var seed: UInt64
    var partitions: Int?
    var space: (scale: Float, largestSquare: Double)?
    var clusteredCount: Int
    var calibration: RecallCalibration?

    static func == (a: PartitionFacts, b: PartitionFacts) -> Bool { a.bytes == b.bytes && a.pointBytes == b.pointBytes }

    init(_ state: PartitionState) {
        (seed, partitions) = (state.settings.seed, state.settings.partitions)
        space = state.space.map { ($0.scale, $0.largestSquare) }
        (clusteredCount, calibration) = (state.clusteredCount, state.calibration)
    }

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: seed)
        bytes.append(littleEndian: UInt32(partitions ?? 0))
        bytes.append(littleEndian: UInt32(space == nil ? 0 : 1))
        bytes.append(littleEndian: (space?.largestSquare ?? 0).bitPattern)
        bytes.append(littleEndian: (space?.scale ?? 0).bitPattern)
        bytes.append(littleEndian: UInt32(calibration?.points.count ?? 0))
        bytes.append(littleEndian: UInt64(clusteredCount))
        bytes.append(littleEndian: UInt64(calibration?.queryCount ?? 0))
        bytes.append(littleEndian: UInt64(calibration?.vectorCount ?? 0))
        bytes.append(littleEndian: (calibration?.keptRecall ?? 0).bitPattern)
        bytes.append(littleEndian: UInt32(calibration?.k ?? 0))
        return bytes + [UInt8](repeating: 0, count: PartitionFileLayout.factsSize - bytes.count)
    }

    var pointBytes: [UInt8] { RecallCalibration.pointBytes(calibration) }

    /// Reads them from the parts of a file; nil where they say impossible things.
    init?(_ facts: UnsafeRawBufferPointer, points: UnsafeRawBufferPointer) {
        func number(_ offset: Int) -> Int? { Int(exactly: facts.littleEndian(UInt64.self, at: offset)) }
        func small(_ offset: Int) -> Int { Int(facts.littleEndian(UInt32.self, at: offset)) }
        func double(_ offset: Int) -> Double { Double(bitPattern: facts.littleEndian(UInt64.self, at: offset)) }
        seed = facts.littleEndian(UInt64.self, at: 0)
        guard small(8) <= PartitionSettings.mostPartitions, let clustered = number(32) else { return nil }
        partitions = small(8) == 0 ? nil : small(8)
        clusteredCount = clustered
        if small(12) == 1 {
            space = GraphSpace.numbers(scale: facts.littleEndian(UInt32.self, at: 24), largestSquare: double(16))
            guard space != nil else { return nil }
        }
        let count = small(28)
        guard let measured = RecallCalibration.points(points, count: count), let queries = number(40),
            let vectors = number(48)
        else { return nil }
        if count > 0 {
            guard small(64) >= 1 else { return nil }
            calibration = RecallCalibration(
                k: small(64), queryCount: queries, vectorCount: vectors, keptRecall: double(56), points: measured)
        }
        // What is written of it is what was read: nothing else stands there.
        guard bytes.elementsEqual(facts), pointBytes.elementsEqual(points) else { return nil }
    }
}
