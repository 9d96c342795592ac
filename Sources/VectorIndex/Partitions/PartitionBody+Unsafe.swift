internal import VectorMath

/// Where things stand in a partition: codes, kept vectors, ids, each from a multiple of 64 on.
struct PartitionLayout: Equatable, Sendable {
    let codes: ExtendedLayout
    /// The bytes of a kept vector.
    let vectorSize: Int

    init(dimension: Int, metric: Metric, settings: PartitionSettings) {
        codes = ExtendedLayout(
            width: RandomRotation.width(dimension: GraphSpace.coordinates(dimension: dimension, metric: metric)),
            bits: settings.bits - 1)
        vectorSize =
            switch settings.vectors {
            case .none: 0
            case .float16: 2 * codes.width
            case .float32: RowStore.vectorSize(dimension: dimension)
            }
    }

    func vectors(_ count: Int) -> Int { IndexFileLayout.aligned(codes.codeSize(count)) }

    func ids(_ count: Int) -> Int { vectors(count) + count * vectorSize }

    /// The bytes of a partition of `count` vectors.
    func size(_ count: Int) -> Int { IndexFileLayout.aligned(ids(count) + 8 * count) }
}

/// The vectors of one partition. It changes only while it is made.
final class PartitionBody: @unchecked Sendable {
    let base: UnsafeMutablePointer<UInt8>
    let count: Int
    let layout: PartitionLayout
    /// Who has the memory: several partitions share one.
    let owner: AnyObject

    init(_ base: UnsafeMutablePointer<UInt8>, count: Int, layout: PartitionLayout, owner: AnyObject) {
        (self.base, self.count, self.layout, self.owner) = (base, count, layout, owner)
    }

    func id(_ slot: Int) -> UInt64 { UInt64(littleEndian: ids[slot]) }

    func setID(_ id: UInt64, of slot: Int) { ids[slot] = id.littleEndian }

    /// The slot of an id that is here.
    func slot(of id: UInt64) -> Int? {
        let (ids, wanted) = (ids, id.littleEndian)
        return (0..<count).first { ids[$0] == wanted }
    }

    private var ids: UnsafeMutablePointer<UInt64> {
        UnsafeMutableRawPointer(base + layout.ids(count)).assumingMemoryBound(to: UInt64.self)
    }

    func vector(_ slot: Int) -> UnsafeMutableRawPointer {
        UnsafeMutableRawPointer(base + layout.vectors(count) + slot * layout.vectorSize)
    }

    /// Takes a slot of another body around the same centre.
    func copy(_ slot: Int, of other: PartitionBody, to target: Int) {
        layout.codes.copy(slot, of: other.base, count: other.count, to: target, of: base, count: count)
        vector(target).copyMemory(from: other.vector(slot), byteCount: layout.vectorSize)
        setID(other.id(slot), of: target)
    }
}

/// Makes bodies in one run of memory.
final class PartitionMemory: @unchecked Sendable {
    let byteCount: Int
    private let arena: Arena
    private let layout: PartitionLayout

    init(_ counts: [Int], layout: PartitionLayout) {
        self.layout = layout
        byteCount = counts.reduce(0) { $0 + layout.size($1) }
        arena = Arena(byteCount: max(64, byteCount))
    }

    /// The next body, its blocks cleared. Bodies are asked for in the order of the counts.
    func body(_ count: Int) -> PartitionBody {
        let size = layout.size(count)
        let base = arena.take(UInt8.self, count: size)
        layout.codes.clear(base, count: count)
        // What stands between the parts, so that equal partitions are equal bytes.
        for gap in [layout.codes.codeSize(count)..<layout.vectors(count), layout.ids(count) + 8 * count..<size] {
            (base + gap.lowerBound).update(repeating: 0, count: gap.count)
        }
        return PartitionBody(base, count: count, layout: layout, owner: self)
    }
}
