#include "guest/init/ipc.h"

#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

/* semctl(2): the caller must define it. */
union semun {
	int val;
	struct semid_ds *buf;
	struct seminfo *info;
};

/* The *_INFO commands return the highest index in use, the *_STAT ones the id at
 * an index (shmctl(2)). Nothing there: one system call each. */
static void clear_shm(void)
{
	struct shm_info info;
	struct shmid_ds ds;
	int last = shmctl(0, SHM_INFO, (struct shmid_ds *)(void *)&info);

	for (int i = 0; i <= last && info.used_ids; i++) {
		int id = shmctl(i, SHM_STAT, &ds);

		if (id >= 0)
			shmctl(id, IPC_RMID, &ds);
	}
}

static void clear_sem(void)
{
	struct seminfo info;
	struct semid_ds ds;
	union semun arg = { .info = &info };
	int last = semctl(0, 0, SEM_INFO, arg);

	for (int i = 0; i <= last && info.semusz; i++) {
		int id = semctl(i, 0, SEM_STAT, (union semun){ .buf = &ds });

		if (id >= 0)
			semctl(id, 0, IPC_RMID);
	}
}

static void clear_msg(void)
{
	struct msginfo info;
	struct msqid_ds ds;
	int last = msgctl(0, MSG_INFO, (struct msqid_ds *)(void *)&info);

	for (int i = 0; i <= last && info.msgpool; i++) {
		int id = msgctl(i, MSG_STAT, &ds);

		if (id >= 0)
			msgctl(id, IPC_RMID, &ds);
	}
}

void ipc_clear(void)
{
	clear_shm();
	clear_sem();
	clear_msg();
}
