import { type Job, jobsOf } from "../lib/jobs";
import { currentUser } from "../lib/request";

export const dynamic = "force-dynamic";

export default async function Page() {
  const user = await currentUser();
  if (!user) {
    return <p>Sign in to see your jobs.</p>;
  }
  const jobs = await jobsOf(user);
  return jobs.length === 0 ? <p>You have no jobs yet.</p> : <JobTable jobs={jobs} />;
}

function JobTable({ jobs }: { jobs: Job[] }) {
  return (
    <table>
      <caption>Your jobs, the newest first</caption>
      <thead>
        <tr>
          <th scope="col">Text</th>
          <th scope="col">State</th>
          <th scope="col">Summary</th>
        </tr>
      </thead>
      <tbody>
        {jobs.map((job) => (
          <tr key={job.id}>
            <td>{job.input.length > 120 ? `${job.input.slice(0, 120)}…` : job.input}</td>
            <td>{job.status}</td>
            <td>{job.result ?? "not yet"}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
