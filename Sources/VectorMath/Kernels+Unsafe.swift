internal import CAttuneKernels
internal import Glibc

/// The table of C kernels in use.
///
/// Safe to share: the table is constant and lives as long as the process.
struct Kernels: @unchecked Sendable {
    let table: UnsafePointer<attune_kernels>

    static let current: Kernels = {
        var table: UnsafePointer<attune_kernels>?
        _ = attune_kernels_find(getenv("ATTUNE_ISA"), &table)
        guard let table else { preconditionFailure("there is always a table of kernels") }
        return Kernels(table: table)
    }()
}

/// The functions of the instruction set in use.
var kernels: attune_kernels {
    @inline(__always) _read { yield Kernels.current.table.pointee }
}
